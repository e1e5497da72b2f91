const place = document.getElementById('docs');
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  // Swagger would have a server of its own judge the document.
  validatorUrl: null,
});
