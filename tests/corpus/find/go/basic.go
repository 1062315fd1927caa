package krea

func do(req *http.Request) {
	req.URL.Host = "api.krea.ai"
	req.SetBasicAuth("{{pair-hex.id}}", "{{pair-hex.secret}}")
}
