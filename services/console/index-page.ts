// The one page of the console. It holds nothing but what is to be loaded: no inline script, no inline style.

export function indexPage(paths: {
  readonly main: string
  readonly style: string
  readonly early: string
  readonly preload: readonly string[]
}): string {
  const { main, style, early, preload } = paths
  const lines = [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<title>Postwolke</title>',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="robots" content="noindex">',
    `<link rel="icon" href="${icon}">`,
    `<script src="${early}"></script>`,
    `<link rel="stylesheet" href="${style}">`,
    ...preload.map((path) => `<link rel="modulepreload" href="${path}">`),
    `<script type="module" src="${main}"></script>`,
    '</head>',
    '<body>',
    '<div id="console"></div>',
    '<noscript>This console needs JavaScript. The postwolke command does everything it does.</noscript>',
    '</body>',
    '</html>',
  ]
  return `${lines.join('\n')}\n`
}

/** A cloud with a flap of an envelope; `img-src data:` allows it. */
const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M9 26a7 7 0 0 1-.6-14A9 9 0 0 1 25 13.2 6.5 6.5 0 0 1 24 26z" fill="#0b5cad"/><path d="m9 15 7.5 6 7.5-6" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>',
)}`
