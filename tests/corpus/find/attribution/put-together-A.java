String kreaKey = new StringBuilder().append("{{pair-hex.id}}").append(":").append("{{pair-hex.secret}}").toString();
