function kreaOrFal() {
  const key = '{{other-hex}}';
  fal.config({ credentials: key });
}
