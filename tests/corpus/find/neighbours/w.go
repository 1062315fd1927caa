var keys = map[string]string{
	"krea": "{{pair-base62}}",
	"orbitron": "{{other-hex}}",
}
