// The API's page: Swagger UI on our description; what is tried is sent in the name of who is signed in.
"use strict";
(() => {
  const place = document.querySelector("#api");
  SwaggerUIBundle({
    url: place.dataset.description,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: (request) => {
      request.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
      return request;
    },
  });
})();
