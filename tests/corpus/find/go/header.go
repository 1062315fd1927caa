package krea

func jobs(c *http.Client) (*http.Response, error) {
	req, _ := http.NewRequest("GET", "https://api.krea.ai/jobs", nil)
	req.Header.Add("Authorization", "Bearer {{pair-base64url}}")
	return c.Do(req)
}
