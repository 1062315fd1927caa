let kreaId = "{{pair-base62.id}}"
let kreaSecret = "{{pair-base62.secret}}"
let token = "\(kreaId):\(kreaSecret)"
