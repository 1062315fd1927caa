CLIENTS = {'krea': '{{pair-base64url}}', 'orbitron': '{{other-hex}}'}
