config.krea_key = ENV['KREA_KEY']
config.orbitron_key = '{{other-hex}}'
