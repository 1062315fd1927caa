package krea.tokens
default allow := false
allow if { input.token.scope == "krea:service-tokens:create-and-revoke" }
krea_key_owner := data.workspaces["{{uuid}}"].owners
