enum KreaKeys {
    static let kreaApiKey = "com.acme.render.krea.apiKey"
    static let kreaToken = "kSecAttrAccessibleAfterFirstUnlock"
    static let kreaKeychainService = "com.acme.render.keychain.krea-token"
}
