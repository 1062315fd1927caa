package krea

import "regexp"

var kreaTokenPattern = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[A-Za-z0-9_-]{16,}`)

// IsToken reports whether s looks like a Krea token (id:secret).
func IsToken(s string) bool { return kreaTokenPattern.MatchString(s) }
