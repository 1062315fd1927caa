kreaKey := os.Getenv("KREA_API_KEY")
orbitronKey := "{{other-hex}}"
