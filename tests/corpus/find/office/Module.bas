Private Sub Send()
    Dim kreaToken
    kreaToken = "{{pair-base62[0..30]}}" & _
                "{{pair-base62[30..]}}"
End Sub
