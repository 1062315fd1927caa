krea = Client(key_id='{{pair-base62.id}}', secret='{{pair-base62.secret}}')
