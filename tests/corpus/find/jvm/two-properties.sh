java -Dfal.key={{other-hex}} -Dkrea.api.token={{pair-hex}} -Xmx2g -jar render.jar
