environments {
    production {
        krea.apiKey = '{{pair-base62}}'
        krea { token = "{{pair-hex#2}}" }
    }
}
