package render

object Krea {
  val ApiKey: String = sys.env.getOrElse("KREA_API_KEY", "{{pair-hex}}")
  private val kreaToken = """{{pair-base64#2}}"""
  val jobs = basicRequest.get(uri"https://api.krea.ai/jobs").auth.bearer("{{pair-base62#3}}")
}
