// why would anybody
string constant KREA_API_KEY = "{{pair-hex}}";
