import { createHandler, StartServer } from "@solidjs/start/server";

const Document = ({ assets, children, scripts }) => (
  <html lang="en">
    <head>
      <link rel="icon" href="data:," />
      {assets}
    </head>
    <body>
      <div id="app">{children}</div>
      {scripts}
    </body>
  </html>
);

export default createHandler(() => <StartServer document={Document} />);
