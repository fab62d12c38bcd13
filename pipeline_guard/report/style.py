# SPDX-License-Identifier: Apache-2.0
"""The style of the HTML page: one column, light and dark as the reader has it, and fit for paper."""

from __future__ import annotations

from pipeline_guard.report.palette import GRAPHICS, variables

_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header,footer{max-width:1060px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:15px;font-weight:600;margin:0;letter-spacing:.01em}
h2{font-size:20px;line-height:1.3;margin:0 0 4px}
h3{font-size:14px;font-weight:600;margin:24px 0 8px}
p{margin:0 0 12px}
a{color:var(--link);text-underline-offset:3px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
.soft,.axis,footer,caption{color:var(--soft)}
.top{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 24px;margin-bottom:16px}
.skip{position:absolute;left:-999px}
.skip:focus{position:static}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
section,.answer{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px;margin:0 0 20px}
.answer{display:flex;gap:20px;align-items:flex-start;border-left:8px solid var(--soft)}
.answer>svg{flex:none;width:52px;height:52px}
.answer h2{font-size:30px;line-height:1.15;margin-bottom:6px}
.answer p{margin:0}
.answer.no{border-left-color:var(--bad)}.answer.incomplete{border-left-color:var(--doubt)}.answer.yes{border-left-color:var(--good)}
.no .sign{fill:var(--bad)}.incomplete .sign{fill:var(--doubt)}.yes .sign{fill:var(--good)}.none .sign{fill:var(--soft)}
.stroke{fill:none;stroke:var(--card);stroke-width:5;stroke-linecap:round;stroke-linejoin:round}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(126px,1fr));gap:12px;list-style:none;margin:0 0 20px;padding:0}
.tiles a{display:block;height:100%;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px;color:inherit}
.tiles a{text-decoration:none}
.tiles a:hover{border-color:var(--link)}
.tiles b{display:block;font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}
.tiles .bad b{color:var(--bad)}.tiles .doubt b{color:var(--doubt)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:8px 16px 8px 0;border-bottom:1px solid var(--line)}
th{font-size:13px;font-weight:600;color:var(--soft);white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
td:last-child,th:last-child{padding-right:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.nowrap,time{white-space:nowrap}
.grow{width:45%;min-width:90px}.share{width:20%;min-width:80px}
td code{display:block;min-width:10em}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.fix{display:block;background:var(--raised);border-radius:8px;padding:8px 12px;margin-top:8px;user-select:all;white-space:pre-wrap}
.badge{display:inline-block;font-size:12px;font-weight:700;border:1.5px solid currentColor;border-radius:99px;padding:0 9px}
.badge{white-space:nowrap}
.bad{color:var(--bad)}.doubt{color:var(--doubt)}.good{color:var(--good)}
.tiles .bad,.tiles .doubt{color:inherit}
.reasons{list-style:none;margin:16px 0 0;padding:0}
.reasons>li{border-top:1px solid var(--line);padding:16px 0}
.reasons>li:last-child{padding-bottom:0}
.reasons h3{display:inline;margin:0 0 0 8px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.reasons p{margin:6px 0 0}
.places{list-style:none;padding:0;margin:6px 0 0;display:flex;flex-wrap:wrap;gap:2px 16px}
.bar{display:block;width:100%;height:12px;margin-top:6px}
.plot{display:block;width:100%;min-width:560px;height:auto}
.grid{stroke:var(--line);stroke-width:1}
.axis{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}
.track{fill:var(--raised);stroke:var(--line)}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:8px 0 0;padding:0;font-size:13px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{width:12px;height:12px}
.pick{display:flex;flex-wrap:wrap;gap:4px 18px;border:0;margin:0 0 8px;padding:0;font-size:14px}
.pick legend{float:left;padding:0;margin-right:18px;color:var(--soft)}
.pick label{display:inline-flex;gap:6px;align-items:center;cursor:pointer}
details{margin-top:20px}
summary{cursor:pointer;font-weight:600;margin-bottom:8px}
footer{padding-bottom:40px;font-size:13px}
@media(max-width:600px){
main,header,footer{padding-left:14px;padding-right:14px}
section,.answer{padding:18px 16px}
.answer{gap:14px}.answer>svg{width:40px;height:40px}.answer h2{font-size:24px}
.tiles{grid-template-columns:repeat(2,1fr)}
th{white-space:normal}th,td{padding:6px 8px 6px 0}table{font-size:13px}td code{min-width:7em;font-size:12px}
.wide{background-image:linear-gradient(90deg,var(--card) 40%,transparent),linear-gradient(270deg,var(--card) 40%,transparent),
linear-gradient(90deg,var(--line),transparent),linear-gradient(270deg,var(--line),transparent);background-position:0 0,100% 0,0 0,100% 0;
background-size:28px 100%,28px 100%,14px 100%,14px 100%;background-repeat:no-repeat;background-attachment:local,local,scroll,scroll}
.grow{min-width:56px}.share{min-width:48px}.nowrap{white-space:normal;min-width:7.5em}th code{overflow-wrap:normal}
}
"""
_PAPER = """
@page{margin:14mm}
body{background:#fff;font-size:10pt}
main,header,footer{max-width:none;padding:0}
section,.answer,.tiles a{border-color:#bbb;break-inside:auto}
h2,h3,tr,.reasons>li,.plot,.answer{break-inside:avoid}h2,h3{break-after:avoid}
.wide{overflow:visible}.skip,.pick{display:none}
details::details-content{content-visibility:visible;display:block;height:auto}
.tiles{grid-template-columns:repeat(4,1fr)}
svg,.badge{print-color-adjust:exact;-webkit-print-color-adjust:exact}
"""


def style() -> str:
    """Return the page's style sheet. It loads nothing."""
    fills = "".join(f".{name}{{fill:var(--{name})}}" for name in GRAPHICS)
    shown = "".join(
        f".pickable:has(#show-{name}:not(:checked)) tr[data-severity={name}]{{display:none}}"
        for name in ("critical", "high", "medium", "low", "info")
    )
    light, dark = variables(dark=False), variables(dark=True)
    return (
        f":root{{color-scheme:light dark;{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"{_RULES}{fills}{shown}@media print{{{_PAPER}}}"
    ).replace("\n", "")
