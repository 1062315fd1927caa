package com.acme.render;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;

public final class KreaClient {
    private static final String API_KEY = "{{pair-hex}}";
    private static final String FAL_KEY = "{{other-hex}}";

    HttpRequest jobs() {
        return HttpRequest.newBuilder(URI.create("https://api.krea.ai/jobs?limit=1"))
            .header("Authorization", "Bearer {{pair-base64url#2}}")
            .GET()
            .build();
    }
}
