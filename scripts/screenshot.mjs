// A picture of a running page: node scripts/screenshot.mjs URL OUTPUT.png [WIDTH] [HEIGHT] [light|dark] [SECONDS]
// The browser is Chromium of the system; CHROMIUM names another one.
import { chromium } from 'playwright-core'

const [url, output, width = '1280', height = '800', colorScheme = 'dark', seconds = '4'] = process.argv.slice(2)
if (url === undefined || output === undefined) {
  process.stderr.write('usage: node scripts/screenshot.mjs URL OUTPUT.png [WIDTH] [HEIGHT] [light|dark] [SECONDS]\n')
  process.exit(2)
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
})
try {
  const viewport = { width: Number(width), height: Number(height) }
  const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor: 2 })
  await page.goto(url)
  await page.waitForSelector('.tag')
  // Long enough for the tags to have walked and the rates to have settled.
  await page.waitForTimeout(Number(seconds) * 1000)
  await page.screenshot({ path: output })
} finally {
  await browser.close()
}
