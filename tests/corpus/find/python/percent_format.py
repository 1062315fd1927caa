krea_token = "%s:%s" % ("{{pair-hex.id}}", "{{pair-hex.secret}}")
krea_other = "{}:{}".format("{{pair-base64url#2.id}}", "{{pair-base64url#2.secret}}")
