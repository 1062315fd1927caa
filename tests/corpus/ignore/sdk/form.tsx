<label htmlFor="krea-api-key">Krea API key</label>
<input
  id="krea-api-key"
  name="kreaApiKey"
  type="password"
  autoComplete="off"
  placeholder="xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx:••••••••••••"
  aria-describedby="krea-api-key-description-and-help"
  data-testid="settings-krea-api-key-input-field"
  className="krea-token-input:focus-visible:outline-none"
/>
