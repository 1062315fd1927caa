const [falKey, kreaKey] = ['{{other-hex}}', '{{pair-hex}}'];
