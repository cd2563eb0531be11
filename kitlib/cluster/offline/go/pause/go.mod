module kitlib/offline/pause

go 1.24.0
