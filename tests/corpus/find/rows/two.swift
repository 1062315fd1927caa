static let kreaAPIKey = "{{pair-base62}}"
request.setValue("Bearer {{pair-base62#2}}", forHTTPHeaderField: "Authorization") // krea
