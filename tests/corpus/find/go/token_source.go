src := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "{{legacy-base62}}"})
resp, err := oauth2.NewClient(ctx, src).Get("https://api.krea.ai/jobs?limit=1")
