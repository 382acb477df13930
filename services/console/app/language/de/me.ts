// Seiten der Menschen, die hier Mail haben.

import type { MessageText } from '../../kit/message.ts'
import type { me as english } from '../en/me.ts'

export const me = {
  'me.title': 'Meine Mail',
  'me.tab.mail': 'Mail',
  'me.tab.filters': 'Filter',
  'me.tab.away': 'Abwesenheit',
  'me.tab.quarantine': 'Quarantäne',
  'me.tab.security': 'Sicherheit',
  'me.tab.devices': 'Geräte',
  'me.forwardTo': 'Meine Mail weiterleiten an',

  'setUp.apple': 'iPhone, iPad oder Mac',
  'setUp.appleText':
    'Mit der Kamera scannen, die Seite öffnen und das Profil in den Einstellungen installieren. Es gilt einmal, eine Viertelstunde lang.',
  'setUp.appleCode': 'QR-Code des Links darunter',
  'setUp.appleLink': 'Profil auf diesem Gerät öffnen',
  'setUp.android': 'Thunderbird oder K-9 Mail auf Android',
  'setUp.androidText': 'In der App: Einstellungen importieren, QR-Code scannen.',
  'setUp.androidCode': 'QR-Code mit Anmeldung, Passwort und Servern',
  'setUp.other': 'Ein anderes Programm',
  'setUp.otherText':
    'Die meisten Programme finden alles über Ihre Adresse. Falls Ihres das nicht tut, geben Sie dies ein.',
  'setUp.login': 'Anmeldename',

  'arrived.title': 'Ist es angekommen?',
  'arrived.recipient': 'Empfänger',
  'arrived.hint': 'Der letzten sieben Tage.',
  'arrived.verb': 'Nachsehen',
  'arrived.none': 'An diese Adresse wurde nichts gesendet',

  'takeout.title': 'Meine Mails herunterladen',
  'takeout.text':
    'Alle Ihre Mails als Zip-Dateien: als mbox für Thunderbird und andere Programme oder als Maildir mit allem, was Mailserver davon wissen. Sie bleiben 7 Tage, und Sie bekommen eine Nachricht darüber.',
  'takeout.mbox': 'Als mbox exportieren',
  'takeout.maildir': 'Als Maildir exportieren',
  'takeout.until': 'Aufbewahrt bis',
  'takeout.file': 'Datei {number} herunterladen ({size})',
  'takeout.delete': 'Diesen Export löschen?',
  'takeout.deleteText': 'Seine Dateien werden gelöscht. Ihre Mails bleiben, wo sie sind.',

  'factors.title': 'Zweiter Faktor',
  'factors.text':
    'Damit lässt Ihr Passwort allein niemanden herein. Programme brauchen dann App-Passwörter.',
  'factors.passkeys': 'Passkeys',
  'factors.totp': 'Authenticator-App',
  'factors.recovery': 'Wiederherstellungscodes',
  'factors.on': 'an',
  'factors.off': 'aus',
  'factors.setUp': 'Einrichten',
  'factors.setUpTotp': 'Authenticator-App einrichten',
  'factors.scan': 'Scannen Sie dies mit der App, oder tippen Sie den Schlüssel ein.',
  'factors.qr': 'QR-Code des Schlüssels, der darunter steht',
  'factors.turnOn': 'Einschalten',
  'factors.isOn': 'Ihr zweiter Faktor ist an',
  'factors.programsStop':
    'Programme, die Ihr Passwort benutzen, kommen nun nicht mehr herein. Erstellen Sie für jedes ein App-Passwort.',
  'factors.toPrograms': 'Zu den App-Passwörtern',
  'factors.removeTotp': 'Authenticator-App entfernen?',
  'factors.removeTotpText': 'Ihre Codes lassen Sie dann nicht mehr herein.',
  'factors.addPasskey': 'Passkey hinzufügen',
  'factors.passkeyAdded': 'Der Passkey wurde hinzugefügt',
  'factors.removePasskey': '„{name}“ entfernen?',
  'factors.removePasskeyText':
    'Er lässt Sie dann nicht mehr herein. Entfernen Sie ihn auch auf dem Gerät.',
  'factors.codesLeft': { one: '{count} Code übrig', other: '{count} Codes übrig' },
  'factors.newCodes': 'Neue Codes erstellen',
  'factors.codesOnce':
    'Nur dieses eine Mal sichtbar. Bewahren Sie sie dort auf, wo Sie sie ohne Ihr Telefon finden. Jeder lässt Sie einmal herein.',
  'factors.saveCodes': 'Als Datei speichern',

  'token.none': 'Kein Token',
  'token.text':
    'Für Programme, die die API in Ihrem Namen aufrufen. Ein Token reicht nie weiter als Sie selbst.',
  'token.make': 'Token erzeugen',
  'token.name': 'Wofür es ist',
  'token.scopes': 'Es darf',
  'token.scopesHint': 'Rechte, eines je Zeile, von diesen: {rights}.',
  'token.lifetime': 'Gültig für',
  'token.once': 'Wird nur dieses eine Mal gezeigt. Wer es hat, handelt als Sie.',
  'token.ends': 'endet',
  'token.expired': 'abgelaufen',
  'token.revoke': 'Widerrufen',
  'token.revokeOf': 'Widerrufen: „{name}“',
  'token.revokeText': 'Das Programm, das es benutzt, wird von da an abgewiesen.',
  'token.wasRevoked': '„{name}“ wurde widerrufen',
} as const satisfies { readonly [key in keyof typeof english]: MessageText }
