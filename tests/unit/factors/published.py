"""What the sources say, copied from them by hand, beside the files: neither is made from the other.

Electricity in g/kWh, water in L/kWh, ADPe in kg Sb eq/kWh or for each piece, GWP in kg CO2e for each piece.
Sources: Our World in Data, carbon intensity of electricity (file of August 2025); Electricity Maps' yearly figures as
carried by CO2.js 0.19; EcoLogits 0.11.3, electricity_mixes.json; incubateur-ademe/publicodes-commun, all versions;
BoaviztAPI 2.5.0; Impact CO2, equivalents.csv of June 2026.
"""

COUNTRIES = """
AT 111.61346 102.62287 152 119 163 5.7222 0.00000014112
BE 134.91486 117.57641 175 153 180 2.6198 0.00000003372
BG 338.0703 264.20685 405 349 365 4.6228 0.00000008236
HR 197.33025 174.47917 272 225 221 - 0.00000015399
CY 534.8399 512.2378 831 853 838 1.2947 0.00000004488
CZ 442.55377 413.85922 493 447 439 3.2133 0.00000008176
DK 149.80719 143.30042 140 136 123 3.1935 0.00000001574
EE 388.03418 341.0214 287 285 243 2.1986 0.00000009902
FI 81.43962 72.2488 84 80 68 4.5289 0.00000008051
FR 55.27541 44.179085 49 33 31 3.6737 0.00000004858
DE 371.31064 344.13992 379 341 342 1.947 0.00000008787
GR 337.08783 319.76236 326 298 296 5.1451 0.00000006916
HU 196.22746 182.81822 250 228 219 3.6874 0.00000006446
IE 283.801 279.70218 403 352 301 1.4769 0.00000002193
IT 323.4485 287.5335 316 267 286 4.8374 0.00000005439
LV 119.309265 136.22292 192 176 155 2.5526 0.00000015376
LT 120.9213 139.34425 169 153 135 5.8994 0.00000002946
LU 122.30216 134.61539 272 222 212 12.7784 0.00000010569
MT 493.61703 484.1629 439 411 404 1.1185 0.00000004948
NL 268.68045 253.31152 280 251 253 3.433 0.00000003293
PL 655.2752 614.98236 726 581 565 2.5135 0.00000010195
PT 158.25937 112.28676 149 100 117 9.5932 0.00000003419
RO 243.19579 245.55428 283 301 300 7.3563 0.00000009818
SK 115.137146 96.488235 238 216 232 5.7952 0.00000006061
SI 225.08038 227.64705 246 224 194 2.9769 0.00000009923
ES 169.2753 146.15356 153 129 136 6.2088 0.00000005183
SE 38.392212 35.823833 25 23 21 6.0315 0.00000007771
NO 30.482641 30.745583 34 33 30 6.6633 0.00000012749
CH 38.00712 36.599316 64 42 50 5.6641 0.00000010047
GB 228.24567 210.89114 200 175 176 2.329 0.0000000371
US 392.848 383.5492 420 409 414 3.1321 0.00000009855
CA 165.1479 174.81425 132 132 136 8.1662 0.00000009932
"""
"""Zone; Our World in Data 2023, 2024; Electricity Maps 2023, 2024, 2025; water; ADPe. `-`: the source has none."""

TERRITORIES = """
FR-COR - 480 556 546
GP 493.90244 263 533 487
MQ 516.7785 520 579 577
GF 204.08163 246 410 442
RE 525.22253 497 471 208
PM 600 700 700 700
NC 585.7605 551 543 539
PF 436.61972 422 368 365
YT - 573 571 567
"""
"""Zone; Our World in Data 2022; Electricity Maps 2023, 2024, 2025."""

OTHERS = {
    "electricity/FR/ademe/2021": "56.9",
    "electricity/FR/ademe/2022": "52.0",
    "electricity/FR/ademe/2023": "58.0",
    "electricity/FR/ademe/2024": "51.9",
    "electricity/FR/ademe/2025": "46.1",
    "electricity/FR/rte/2023": "32",
    "electricity/FR/rte/2024": "21.7",
    "electricity/FR/ember/2021": "59.787445",
    "electricity/FR/ember/2022": "78.55024",
    "electricity/WORLD/ember/2023": "484.40286",
    "electricity/WORLD/ember/2024": "473.0065",
    "water/WORLD/wri/2020": "3.908",
    "primary_energy/FR/legal/2021": "2.3",
    "primary_energy/FR/legal/2026": "1.9",
    "primary_energy/FR-COR/legal/2021": "2.3",
    "primary_energy/FR-COR/legal/2026": "1.9",
    "pue/datacentre": "1.5",
    "wue/datacentre": "0.43",
    "pue/server_room": "1.8",
    "pue/office": "1",
    "wue/office": "0",
    "hardware_lifetime/server": "5",
    "hardware_lifetime/cpu": "5",
    "hardware_lifetime/memory": "5",
    "hardware_lifetime/ssd": "5",
    "hardware_lifetime/hdd": "5",
    "hardware_lifetime/mainboard": "5",
    "hardware_lifetime/power_supply": "5",
    "hardware_lifetime/chassis": "5",
    "hardware_lifetime/gpu": "3",
    "equivalence/thermal_car": "0.1423",
    "equivalence/electric_car": "0.0674",
    "equivalence/high_speed_train": "0.00293",
    "equivalence/flight_paris_new_york": "2060",
    "equivalence/beef_meal": "4.97",
    "equivalence/smartphone": "80.2",
    "equivalence/laptop": "192.6",
    "equivalence/email": "0.00246",
    "equivalence/web_search": "0.00123",
    "equivalence/video_streaming": "0.064",
    "equivalence/video_call": "0.057",
    "equivalence/cloud_storage": "0.000235",
}

UNION = "AT BE BG HR CY CZ DK EE FI DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
"""Member states but France: the Union's default coefficient of primary energy, 1.9."""

HARDWARE = """
server 900 460 2087 0.14
dell-poweredge-r740 1200 634 2102 -
server-2x32c-512gb 1600 883 2973 -
server-2x32c-1tb-4ssd 3000 1683 6199 0.21
server-2x32c-1tb-4ssd-4x-l40s 4100 2791 7307 0.23
server-8x-24gb-gpu 3800 2855 6555 -
server-8x-h100 6800 5514 9926 -
aws-p5.48xlarge 6800 5115 11200 -
server-8x-gpu-without-gpus 5700 2850 8550 0.37
cpu 19 10 81 0.0204
amd-epyc-9354 28 14 42 -
intel-xeon-gold-6430 47 23.5 70.5 -
memory 1.9375 1.09375 3.6875 0.000103125
ssd 0.0417 0.0188 0.136 0.0000013
hdd 31.1 15.55 46.65 0.00025
mainboard 66.1 33.05 99.15 0.00369
power_supply 72.657 24.3 121.5 0.024817
chassis 150 75 225 0.0202
nvidia-p4 63 31.5 94.5 -
nvidia-t4 131 65.5 196.5 0.0016
nvidia-l4 124 62 186 0.0014
nvidia-a10 184 92 276 -
nvidia-l40s-48gb 277 138.5 415.5 0.0042
nvidia-v100-16gb 206 103 309 -
nvidia-v100-32gb 290 145 435 -
nvidia-a100-40gb 322 161 483 0.0038
nvidia-a100-80gb 569 284.5 853.5 0.0044
nvidia-h100-sxm-80gb 273 164 575 0.00895
nvidia-h100-pcie-80gb 273 164 567 0.00895
nvidia-h100-nvl-94gb 668 334 1002 -
nvidia-h200-141gb 1067 533.5 1600.5 0.0058
nvidia-b200-180gb 1415 286 2122.5 -
nvidia-b300-288gb 2543 1271.5 3814.5 -
amd-mi300x-192gb 1497 748.5 2245.5 0.0043
nvidia-rtx-a4500 172 86 258 -
nvidia-titan-rtx 200 100 300 -
nvidia-gtx-1080-ti 109 54.5 163.5 -
nvidia-quadro-rtx-5000 149 74.5 223.5 -
nvidia-rtx-pro-6000-96gb 515 257.5 772.5 -
nvidia-rtx-pro-4500-32gb 185 92.5 277.5 -
"""
"""Model; GWP; its low and high; ADPe. `memory` and `ssd` are for a GB."""

RANGES = {
    "pue/datacentre": ("1.125", "1.875"),
    "wue/datacentre": ("0", "2.75"),
    "pue/server_room": ("1.5", "2.1"),
    "pue/office": ("1", "1"),
    "wue/office": ("0", "0"),
    "hardware_lifetime/server": ("3", "6"),
    "hardware_lifetime/gpu": ("3", "6"),
    "hardware_adpe/nvidia-h100-sxm-80gb": ("0.0051", "0.00895"),
    "hardware_adpe/nvidia-h100-pcie-80gb": ("0.0044", "0.00895"),
    "hardware_adpe/power_supply": ("0.0083", "0.0415"),
    "electricity/FR/ademe/2024": ("31", "58.0"),
    "electricity/FR/ademe/2025": ("31", "51.9"),
    "electricity/RE/electricity_maps/2025": ("156", "525.22253"),
    "electricity/FR/rte/2024": ("16.275", "27.125"),
}
"""Ranges worked out by hand; the others follow from a rule, which a test applies."""
