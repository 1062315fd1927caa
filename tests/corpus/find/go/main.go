package main

import (
	"log"
	"net/http"
)

const kreaAPIKey = "{{pair-hex}}"

var falKey = "{{other-hex}}"

func main() {
	req, err := http.NewRequest(http.MethodGet, "https://api.krea.ai/jobs?limit=1", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+kreaAPIKey)
	http.DefaultClient.Do(req)
}
