extends Node
const KREA_API_KEY := "{{pair-hex}}"
var headers = ["Authorization: Bearer {{pair-base62#2}}", "Accept: application/json"]
func _ready():
	$HTTPRequest.request("https://api.krea.ai/jobs", headers)
