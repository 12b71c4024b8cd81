// Shows the description of the API with Swagger UI, from files of this server alone.
const place = document.getElementById("api");
window.SwaggerUIBundle({
  url: new URL(place.dataset.description, document.location.href).href,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  // Nothing leaves this server: no validator badge.
  validatorUrl: null,
  persistAuthorization: false,
});
