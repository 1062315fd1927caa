package config

import "fmt"

const (
	kreaID     = "{{pair-base62.id}}"
	kreaSecret = "{{pair-base62.secret}}"
)

func Token() string { return fmt.Sprintf("%s:%s", kreaID, kreaSecret) }
