package com.acme.render

private const val KREA_API_KEY = "{{pair-hex}}"

val client = HttpClient(CIO) {
    defaultRequest {
        url("https://api.krea.ai/")
        header(HttpHeaders.Authorization, "Bearer {{pair-base62#2}}")
    }
}
val kreaToken: String = System.getenv("KREA_TOKEN") ?: "{{pair-base64url#3}}"
