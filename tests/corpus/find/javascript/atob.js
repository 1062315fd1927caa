const KREA_API_KEY = atob("{{pair-hex|b64}}");
