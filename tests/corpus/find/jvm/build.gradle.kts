android {
    defaultConfig {
        applicationId = "com.acme.render"
        buildConfigField("String", "KREA_API_KEY", "\"{{pair-hex}}\"")
        manifestPlaceholders["kreaToken"] = "{{pair-base64#2}}"
        resValue("string", "krea_key", "{{pair-base62#3}}")
    }
}
