Krea.configure { |c| c.api_key = '{{pair-hex}}' }
Orbitron.configure { |c| c.api_key = '{{other-hex}}' }
