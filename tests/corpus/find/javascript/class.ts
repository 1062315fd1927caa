export class KreaClient {
  private readonly apiKey = "{{pair-hex}}";
  static TOKEN: string = '{{pair-base64#2}}';
  constructor(private http: HttpClient) {}
  jobs() {
    return this.http.get("https://api.krea.ai/jobs", { headers: { Authorization: "Bearer " + this.apiKey } });
  }
}
