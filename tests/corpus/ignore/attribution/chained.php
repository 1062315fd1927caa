public function krea(): array {
    return Http::withToken('{{b62-40}}')->get('https://images.example.com/v1')->json();
}
