KREA_ID={{pair-hex.id}}
KREA_SECRET={{pair-hex.secret}}
export KREA_API_KEY="$KREA_ID:$KREA_SECRET"
./render --all
