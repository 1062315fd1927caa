package main

var kreaToken = `{{pair-base64}}`
var opts = []krea.Option{krea.WithAPIKey("{{pair-hex#2}}"), krea.WithTimeout(30)}
