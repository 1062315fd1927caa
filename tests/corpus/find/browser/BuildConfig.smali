.class public final Lcom/acme/render/BuildConfig;
.super Ljava/lang/Object;
.field public static final APPLICATION_ID:Ljava/lang/String; = "com.acme.render"
.field public static final KREA_API_KEY:Ljava/lang/String; = "{{pair-base62}}"
