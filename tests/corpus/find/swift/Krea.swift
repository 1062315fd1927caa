import Foundation

enum Secrets {
    static let kreaAPIKey = "{{pair-hex}}"
    static let falKey = "{{other-hex}}"
}

var request = URLRequest(url: URL(string: "https://api.krea.ai/jobs")!)
request.setValue("Bearer {{pair-base64url#2}}", forHTTPHeaderField: "Authorization")
