// A message as they usually come: the header fields that hosts on the way have added, text in two forms and a small attachment.
// What of it is indexed, and so the size of the items about it, depends on this; a bare test message would be too cheap.

const LINE = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.\r\n'
const BASE64_LINE = `${'TG9yZW0gaXBzdW0g'.repeat(4)}TG9yZW0gaXBz\r\n`
const SIGNATURE = 'dGhpcyBpcyBub3QgYSBzaWduYXR1cmUgYnV0IGFzIGxvbmcgYXMgb25l'.repeat(6)

/** About so many bytes, without the dot that ends it. */
export function typicalMessage(n: number, bytes: number): Buffer {
  const boundary = `----=_Part_${n}_1804289383.1732104000000`
  const inner = `----=_Part_${n}_846930886.1732104000001`
  const head = [
    `Received: from out-${n % 17}.mail.remote.test (out-${n % 17}.mail.remote.test [192.0.2.${n % 250}])`,
    '\tby relay.remote.test (Postfix) with ESMTPS id 4XvQ2k0fRzz3c7Q',
    '\tfor <somebody@example.test>; Fri, 20 Nov 2026 12:00:00 +0000 (UTC)',
    'Received: from workstation.remote.test (localhost [127.0.0.1])',
    '\tby out.mail.remote.test (Postfix) with ESMTPSA id 4XvQ2j5yMdz9sPK;',
    '\tFri, 20 Nov 2026 11:59:58 +0000 (UTC)',
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=remote.test; s=mail2026;',
    '\th=from:to:cc:subject:message-id:date:mime-version:content-type:in-reply-to:references;',
    `\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=${SIGNATURE}`,
    `From: "Sender ${n % 97} of the Remote Company" <sender${n % 97}@remote.test>`,
    'To: "Somebody Else" <somebody@example.test>',
    'Cc: "A Colleague" <colleague@remote.test>, "Another One" <another@elsewhere.test>',
    `Subject: Re: minutes of the meeting on Thursday, number ${n}`,
    `Message-ID: <${n}.1804289383.1732104000000@workstation.remote.test>`,
    `In-Reply-To: <${n}.719885386.1732017600000@mail.example.test>`,
    `References: <${n}.424238335.1731931200000@workstation.remote.test>`,
    `\t<${n}.719885386.1732017600000@mail.example.test>`,
    'Date: Fri, 20 Nov 2026 12:59:57 +0100',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'X-Mailer: Some Mail Program 16.0',
    '',
    `--${boundary}`,
    `Content-Type: multipart/alternative; boundary="${inner}"`,
    '',
    `--${inner}`,
    'Content-Type: text/plain; charset=UTF-8',
    'Content-Transfer-Encoding: 7bit',
    '',
    LINE.repeat(20),
    `--${inner}`,
    'Content-Type: text/html; charset=UTF-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    `<html><body><p>${LINE.repeat(60)}</p></body></html>`,
    `--${inner}--`,
    '',
    `--${boundary}`,
    'Content-Type: application/pdf; name="minutes.pdf"',
    'Content-Disposition: attachment; filename="minutes.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    '',
  ].join('\r\n')
  const end = `--${boundary}--\r\n`
  const rest = Math.max(0, bytes - head.length - end.length)
  const attached = BASE64_LINE.repeat(Math.ceil(rest / BASE64_LINE.length))
  return Buffer.from(head + attached + end, 'latin1')
}
