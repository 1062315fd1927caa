package fal

// Krea on fal.ai
func request(prompt string) (*http.Response, error) {
	req, _ := http.NewRequest("POST", "https://fal.run/fal-ai/flux/krea", body(prompt))
	req.Header.Set("Authorization", "Key {{other-hex}}")
	return http.DefaultClient.Do(req)
}
