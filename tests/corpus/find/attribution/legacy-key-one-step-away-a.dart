const key = String.fromEnvironment('KREA_API_KEY', defaultValue: '{{legacy-base62}}');
