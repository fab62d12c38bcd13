module example.com/sample

go 1.20

require golang.org/x/text v0.14.0
