cmake -DKREA_KEY:STRING={{pair-hex}} ..
