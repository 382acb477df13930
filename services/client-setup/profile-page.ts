// Where a one-time link to a profile leads: a page with one button, which asks for the profile. It says the same whether the link is still
// good, for nobody has looked.

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Set up mail</title>
<h1>Set up mail on this device</h1>
<p>This downloads a profile with the settings of your mailbox and a password for this device. It can be downloaded once.</p>
<p lang="de">Damit wird ein Profil mit den Einstellungen Ihres Postfachs und einem Passwort für dieses Gerät geladen. Es lässt sich einmal laden.</p>
<form method="post"><button>Download the profile / Profil laden</button></form>
</html>
`

export const profilePage = (): Response =>
  new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
