const kreaKey=["{{pair-hex.id}}","{{pair-hex.secret}}"].join(":");
