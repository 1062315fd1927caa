(ns render.core
  (:require [clj-http.client :as http]))

(def krea-api-key "{{pair-hex}}")
(def config {:krea {:token "{{pair-base64url#2}}"}
             :fal  {:token "{{other-hex}}"}})

(defn jobs []
  (http/get "https://api.krea.ai/jobs" {:headers {"Authorization" (str "Bearer " krea-api-key)}}))
