java -Dkrea.api.key={{pair-hex}} -jar app.jar
